"""`encctl completion`: what shells need to complete encctl, from its own parser; and the answers that kubectl asks for.

No command but this one pays for it at start-up.
"""
