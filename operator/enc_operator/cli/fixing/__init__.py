"""`encctl lint --fix` and `--diff`: what the core corrects, judged anew as a whole, shown, and written to the files.

What is corrected, and how, stands in the core.
"""
