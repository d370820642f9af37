"""What went wrong in a notebook that has run, also where nobody looks: inside its widgets."""


def errors_in(notebook):
    """Every error an executed notebook holds, also those inside widgets, as `name: message`.

    Looks at the outputs of its cells and at the saved state of Output widgets, where a panel puts
    what went wrong in a callback. `notebook` is an nbformat node executed with its widget state.
    """
    found = []
    for cell in notebook.get("cells", ()):
        found += _errors_of(cell.get("outputs", ()))
    widgets = notebook.get("metadata", {}).get("widgets", {})
    saved = widgets.get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    for model in saved.values():
        found += _errors_of(model.get("state", {}).get("outputs", ()))
    return found


def _errors_of(outputs):
    errors = (out for out in outputs if out.get("output_type") == "error")
    return [f"{out.get('ename')}: {out.get('evalue', '')}" for out in errors]
