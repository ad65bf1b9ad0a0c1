"""Sleep and ignore every signal that can be ignored.

rows = [28]
status = "timeout"
reason = "wall-limit"
limits = { wall-seconds = 0.5 }
"""

import signal
import time

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [number])
while True:
    time.sleep(60)
