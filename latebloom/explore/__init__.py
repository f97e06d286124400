"""What the explorer shows: a world and its settings, their run, pictures and ways to keep them.

Nothing here needs a browser or a framework; `page/app.py` puts it on a page.
"""
