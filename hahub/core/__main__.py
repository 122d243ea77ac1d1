"""Start the core: ``python -P -m hahub.core --link FD``, by the parent only."""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # until everything is imported and configured, see realtime.freeze_memory: all of that stays
    from hahub.core.start import main

    main(sys.argv[1:])
