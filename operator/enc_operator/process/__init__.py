"""What every long-running process of enc-operator has: settings, a log, a clock, health and metrics over HTTP.

What it does is the doors' business; nothing here talks to the API server.
"""
