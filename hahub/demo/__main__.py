"""Process 1 of the enclosure: ``python -m hahub.demo --lifeline FD [--keep] [--without-nginx]``."""

import argparse
import os
import sys

import trio

from hahub.demo import play


def main() -> int:
    """Run the demonstration until its end, or until the lifeline closes. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hahub.demo")
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--without-nginx", action="store_true")
    options = parser.parse_args()
    os.set_inheritable(options.lifeline, False)
    return trio.run(play.play, play.Options(options.lifeline, options.keep, options.without_nginx))


if __name__ == "__main__":
    sys.exit(main())
