"""`encctl explain`: what a handle means, what a finding is about, what refers to an object and who may read it.

What is said is pure (`handles`, `references`); nothing here decides anything.
"""
