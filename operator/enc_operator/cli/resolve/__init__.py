"""`encctl resolve`: what an Agent would get from an executable.

What belongs here: the Agent's side of its secrets protocol, as a person debugs it. A value never leaves the module that reads
the answer (`answers`): everything printed is a verdict about it.
"""
