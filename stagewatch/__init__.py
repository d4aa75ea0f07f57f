"""The front door: settings, the command line, files in and out, synthetic shoppers, the web endpoints.

It may import every other room, and decides nothing about customers itself.
"""

__version__ = "0.1.0"
