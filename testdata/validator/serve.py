#!/usr/bin/env python3
"""serve.py reads the name of an image a line, and answers each with a line of JSON: validate.py's exit status, and what it said."""
import contextlib, functools, io, json, sys
import validate

once, every = functools.cache(validate.openssl), validate.openssl
def openssl(data, *args):  # asked once for each input, unless a file is one
    return (every if any("/" in a for a in args) else once)(data, *args)
validate.openssl = openssl

for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = validate.main(line.rstrip("\n")) or 0
    print(json.dumps([status, said.getvalue()]), flush=True)
