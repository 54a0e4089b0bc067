"""The metadata_sha256 of a result, as the example in engine/FORMAT.md computes it."""

import re

from documents import document


def _example():
    text, = (each for each in re.findall(r"```python\n(.*?)```", document("engine/FORMAT.md"),
                                         re.DOTALL) if "def metadata_sha256" in each)
    found = {}
    exec(text[:text.index("with h5py.File")], found)
    return found["metadata_sha256"]


metadata_sha256 = _example()
