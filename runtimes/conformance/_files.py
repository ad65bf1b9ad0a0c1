"""Checks of files: those given to a program, and those it leaves."""

from engine import Artifact, File, Result
from policies import Limits

from ._check import Subject, check, expect, expect_ok, require

_BYTES = bytes(range(256)) * 5_000
_MIB = 1 << 20


def _by_name(result: Result) -> dict[str, Artifact]:
    return {artifact.name: artifact for artifact in result.files}


def _only_one(result: Result) -> Artifact:
    expect("number of output files", len(result.files), 1)
    return result.files[0]


@check("read")
async def input_files_hold_exactly_what_was_given(subject: Subject) -> None:
    files = (File(name="input.bin", data=_BYTES), File(name="empty", data=b""))
    for file in files:
        result = expect_ok(await subject.run(subject.program("read", file.name, files=files)))

        expect(f"content of {file.name}", result.stdout_bytes, file.data)


@check("read")
async def input_files_can_lie_in_folders_and_have_odd_names(subject: Subject) -> None:
    for name in ("one/two/three.txt", "-rf", "a b/é.txt", "$(id)", "x" * 255):
        files = (File(name=name, data=name.encode()),)
        result = expect_ok(await subject.run(subject.program("read", f"./{name}", files=files)))

        expect(f"content of {name!r}", result.stdout, name)


@check("overwrite")
async def read_only_inputs_refuse_writing_and_others_allow_it(subject: Subject) -> None:
    for read_only, answer in ((True, "refused\n"), (False, "written\n")):
        files = (File(name="input", data=b"x", read_only=read_only),)
        result = expect_ok(await subject.run(subject.program("overwrite", "input", files=files)))

        expect(f"read_only={read_only}", result.stdout, answer)


@check("read")
async def unchanged_inputs_do_not_come_back(subject: Subject) -> None:
    files = (File(name="folder/input", data=b"x"),)
    result = expect_ok(await subject.run(subject.program("read", "folder/input", files=files)))

    expect("content", result.stdout, "x")
    expect("files", result.files, ())


@check("overwrite")
async def changed_inputs_come_back(subject: Subject) -> None:
    files = (File(name="input", data=b"x"),)
    result = expect_ok(await subject.run(subject.program("overwrite", "input", files=files)))

    expect("files", [(file.name, file.data) for file in result.files], [("input", b"")])


@check("tree")
async def output_files_come_back_with_folders_and_exact_content(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("tree")))

    content = {name: artifact.data for name, artifact in _by_name(result).items()}
    expect("files", content, {"top.txt": b"top", "sub/deep/bytes.bin": bytes(range(256)), "empty": b""})
    sizes = {name: artifact.size for name, artifact in _by_name(result).items()}
    expect("sizes", sizes, {"top.txt": 3, "sub/deep/bytes.bin": 256, "empty": 0})


@check("odd-names")
async def odd_names_are_kept(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("odd-names")))

    expect("names", sorted(_by_name(result)), sorted(["-rf", "$(id)", "a b", "é", "n\nl"]))
    expect("content", {artifact.data for artifact in result.files}, {b"x"})


@check("odd-kinds")
async def links_and_fifos_are_named_and_never_read(subject: Subject) -> None:
    found = _by_name(expect_ok(await subject.run(subject.program("odd-kinds"))))

    expect("names", sorted(found), ["fifo", "link", "one", "plain", "two"])
    skipped = {name for name, artifact in found.items() if artifact.skipped}
    expect("skipped", skipped, {"fifo", "link", "one", "two"})
    expect("their content", {found[name].data for name in skipped}, {b""})


@check("sparse")
async def sparse_file_above_the_limit_is_skipped_without_being_read(subject: Subject) -> None:
    limits = Limits(disk_mib=64, artifact_mib=1)
    result = expect_ok(await subject.run(subject.program("sparse", 60 * _MIB), limits))

    artifact = _only_one(result)
    expect("size and content", (artifact.size, artifact.data), (60 * _MIB, b""))
    require("the reason is named", artifact.skipped)


@check("write")
async def output_file_as_large_as_allowed_is_taken(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("write", 1, _MIB), Limits(artifact_mib=1)))

    expect("content", [len(artifact.data) for artifact in result.files], [_MIB])


@check("write")
async def output_file_larger_than_allowed_is_skipped_with_the_reason(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("write", 1, _MIB + 1), Limits(artifact_mib=1)))

    artifact = _only_one(result)
    expect("size and content", (artifact.size, artifact.data), (_MIB + 1, b""))
    require("the reason names the limit", "artifact-mib" in (artifact.skipped or ""))


@check("write")
async def size_limit_holds_for_all_output_files_together(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("write", 3, 700_000), Limits(artifact_mib=1)))

    require("at most 1 MiB comes back", sum(len(artifact.data) for artifact in result.files) <= _MIB)
    expect("skipped", [bool(artifact.skipped) for artifact in result.files], [False, True, True])


@check("write")
async def as_many_output_files_as_allowed_are_taken(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("write", 4, 1), Limits(artifact_count=4)))

    expect("content", [artifact.data for artifact in result.files], [b"x"] * 4)


@check("write")
async def output_files_above_the_count_are_only_counted(subject: Subject) -> None:
    result = expect_ok(await subject.run(subject.program("write", 7, 1), Limits(artifact_count=4)))

    expect("content", [artifact.data for artifact in result.files], [*[b"x"] * 4, b""])
    require("the last entry counts the rest", "3" in (result.files[-1].skipped or ""))


@check("residue")
async def files_of_one_run_are_not_there_in_the_next(subject: Subject) -> None:
    for name in ("residue", "/tmp/residue"):  # noqa: S108  # of the sandbox
        for _ in range(2):
            result = expect_ok(await subject.run(subject.program("residue", name)))

            expect(f"{name} at the start", result.stdout, "clean\n")


CHECKS = (
    input_files_hold_exactly_what_was_given,
    input_files_can_lie_in_folders_and_have_odd_names,
    read_only_inputs_refuse_writing_and_others_allow_it,
    unchanged_inputs_do_not_come_back,
    changed_inputs_come_back,
    output_files_come_back_with_folders_and_exact_content,
    odd_names_are_kept,
    links_and_fifos_are_named_and_never_read,
    sparse_file_above_the_limit_is_skipped_without_being_read,
    output_file_as_large_as_allowed_is_taken,
    output_file_larger_than_allowed_is_skipped_with_the_reason,
    size_limit_holds_for_all_output_files_together,
    as_many_output_files_as_allowed_are_taken,
    output_files_above_the_count_are_only_counted,
    files_of_one_run_are_not_there_in_the_next,
)
