"""Files are written whole or not at all."""

import pytest

from tutlib.check.files import write_whole


def test_a_file_is_written_and_nothing_else(tmp_path):
    write_whole(tmp_path / "a.txt", lambda part: part.write_text("whole"))
    write_whole(str(tmp_path / "a.txt"), lambda part: part.write_text("anew"))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "anew")]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_older_file(error, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("older")

    def dies(part):
        assert part.parent == path.parent, "another disk could not be renamed from"
        assert path.read_text() == "older", "not before the new one is whole"
        part.write_text("half of")
        raise error

    with pytest.raises(type(error)):
        write_whole(path, dies)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "older")]
