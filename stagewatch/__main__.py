"""`python -m stagewatch` is `stagewatch`."""

from stagewatch.cli import main

if __name__ == "__main__":
    main()
