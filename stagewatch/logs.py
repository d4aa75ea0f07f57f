"""What the worker says on stderr: lines for people, or one JSON object a line for machines."""

import logging
import sys

import orjson

from schemas.times import rfc3339
from stagewatch.discretion import Discretion
from stagewatch.repeating import Repeating
from stagewatch.settings import Log

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """Each record as one JSON object: time, level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said = {
            "time": rfc3339(int(record.created * 1_000)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            said["traceback"] = record.exc_text
        return orjson.dumps(said).decode()


# At DEBUG they print requests and records whole: customers, and what is sent to log in with.
TELL_ALL = ("aiokafka", "faust", "mode")


def configure(log: Log) -> None:
    """Sends all logging to stderr in this form, from this level on; what was configured before is replaced.

    Of aiokafka's warnings that come again and again, one in ten seconds is told.
    What we stand on is heard from INFO on at most, since at DEBUG it tells secrets; and errors say what they may.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log.format == "json" else logging.Formatter(TEXT))
    handler.addFilter(Discretion())
    handler.addFilter(Repeating())
    logging.basicConfig(level=log.level, handlers=[handler], force=True)
    for name in TELL_ALL:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(log.level)))
