"""Entry of the zygote's jail."""

import sys

sys.path.insert(0, "/opt/isorun")
import maker  # type: ignore[import-not-found]  # found by the line above

maker.main()
