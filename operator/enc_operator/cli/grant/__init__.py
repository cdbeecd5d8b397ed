"""`encctl grant`: the SecretGrants that would allow what is denied, for the Secrets' owners to review.

What a grant has to say is pure (`planning`, `merging`), so is its text (`rendering`); files are written by `writing`.
"""
