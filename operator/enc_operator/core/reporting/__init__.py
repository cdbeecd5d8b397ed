"""What becomes of findings: which are ignored or accepted, how one is known again, and the formats that programs read.

Ignoring changes what is reported and what fails, never what is planned. What does not belong here: reading files, printing.
"""
