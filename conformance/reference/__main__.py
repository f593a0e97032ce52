"""`python -m conformance.reference`."""

import sys

from .cli import main

sys.exit(main())
