"""`python -m limi_client` is `limi-client`."""

import sys

from limi_client.cli import main

sys.exit(main())
