"""
Why was a source not imported?

The one error of the importers, with a sentence for the person who ran them.
"""

from __future__ import annotations

from nervous_system.errors import Permanent


class ImportRefused(Permanent):
    """The source cannot be imported as it is: what is wrong, where, and what to do."""
