"""Which commands are there?

One module each, named as the command, with a `typer.Typer` called `app`.
"""
