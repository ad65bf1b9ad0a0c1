"""Go on after the end: exit handlers, tasks, timers, finalizers, workers.

rows = [31, 37]
status = ["ok", "error", "timeout"]
limits = { wall-seconds = 2 }
"""

import asyncio
import atexit
import time

import js


class Late:
    def __del__(self):
        time.sleep(60)


async def goes_on():
    while True:
        print("late", flush=True)
        await asyncio.sleep(0.01)


late = Late()
atexit.register(time.sleep, 60)
js.setInterval(js.eval("() => console.log('late')"), 10)
js.Worker.new(
    "data:text/javascript,setInterval(() => console.log('late'), 10)", js.eval("({ type: 'module' })")
)
task = asyncio.ensure_future(goes_on())
