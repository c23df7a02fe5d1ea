"""Print the interface's description (OpenAPI 3.1, JSON): `python -m gateway.describe`. Needs no settings and starts nothing."""

import json
import sys

from gateway.documents import description
from gateway.routes import ROUTERS

if __name__ == "__main__":
    json.dump(description(ROUTERS), sys.stdout, ensure_ascii=False, indent=1)
