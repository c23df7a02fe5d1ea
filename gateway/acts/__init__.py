"""
What an office does for its callers, by subject: looks up in the index, prepares what others sign, sends what was signed.

Functions over one opened office. Plain facts (company codes, serial and invoice numbers) come in with a request, become tags, and
are forgotten with it.
"""
