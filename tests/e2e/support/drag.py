"""A window from which files can be dragged: `drag.py PATH…`. Prints `ready` once it is shown, `failed` when a drag came
to no drop (the target had not answered yet), and `ended` after each drag."""
import sys
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402

window = Gtk.Window(type=Gtk.WindowType.POPUP)
window.move(0, 0)
window.set_default_size(60, 60)
box = Gtk.EventBox()
box.add(Gtk.Label(label="files"))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
uris = [Path(path).resolve().as_uri() for path in sys.argv[1:]]
box.connect("drag-data-get", lambda _w, _c, data, _i, _t: data.set_uris(uris))
box.connect("drag-failed", lambda *_: print("failed", flush=True))
box.connect("drag-end", lambda *_: print("ended", flush=True))
window.connect("map-event", lambda *_: print("ready", flush=True))
window.show_all()
Gtk.main()
