"""Files and folders that take the place of earlier ones, whole or not at all."""

import pytest

from latebloom.core.errors import InvalidInput
from latebloom.core.folders import new_folder, replacing


def test_a_folder_takes_the_place_of_an_earlier_one(tmp_path):
    target = tmp_path / "new" / "result"
    for content in ("one", "two"):
        with new_folder(target, ("a.txt",), overwrite=True) as draft:
            (draft / "a.txt").write_text(content)
        assert (target / "a.txt").read_text() == content
        assert [p.name for p in target.parent.iterdir()] == ["result"]


@pytest.mark.parametrize("error", [RuntimeError("no"), OSError("disk full"), KeyboardInterrupt()])
def test_a_draft_that_fails_leaves_what_was_there(tmp_path, error):
    target = tmp_path / "result"
    target.mkdir()
    (target / "a.txt").write_text("old")
    expected = InvalidInput if isinstance(error, OSError) else type(error)

    def write():
        with replacing(target) as draft:
            draft.mkdir()
            (draft / "a.txt").write_text("new")
            raise error

    with pytest.raises(expected):
        write()
    assert (target / "a.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["result"]


def test_a_missing_draft_puts_the_earlier_folder_back(tmp_path):
    target = tmp_path / "result"
    target.mkdir()
    with pytest.raises(InvalidInput, match="cannot be written"), replacing(target):
        pass  # nothing is written, so that the last rename fails
    assert [p.name for p in tmp_path.iterdir()] == ["result"]


def test_a_file_takes_the_place_of_a_file_or_a_folder(tmp_path):
    target = tmp_path / "result"
    target.mkdir()
    for content in ("one", "two"):
        with replacing(target) as draft:
            draft.write_text(content)
        assert target.read_text() == content
    assert [p.name for p in tmp_path.iterdir()] == ["result"]
