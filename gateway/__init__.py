"""
A region's gateway (地区服务网关): HTTP in front of the shared registry, for labs, firms, offices, payers and auditors.

It keeps no records of its own that matter: what it answers comes from the chain through an index that can be deleted, what it
sends goes through an outbox. A route parses, makes one call, and shapes the answer.
"""

from gateway.app import create_app
from gateway.safety import UnsafeSettings
from gateway.settings import Settings

__all__ = ["Settings", "UnsafeSettings", "create_app"]
