"""The operator's log on standard error: one JSON object a line, or a line for people."""

import json
import logging
import sys
from datetime import UTC, datetime

from enc_operator.process.settings import Log

_QUIET = ("kopf", "urllib3", "aiohttp")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up_log(log: Log) -> None:
    """Have everything logged as the settings say; the frameworks' own chatter from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_Json() if log.format == "json" else text)
    logging.basicConfig(level=log.level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
