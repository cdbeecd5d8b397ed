"""`encctl lint`: findings in the formats of people and programs, and what of them is new."""
