"""What RFC 5321 has every implementation be able to receive is not refused."""

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=lambda mode, _: mode.message.special is not None and mode.message.special.obliged,
    place=150,
    of_refusals=True,
    requirements={"taken": "content/sizes"},
)
def test_takes_sizes(case: Case) -> list[Finding]:
    """The relay accepts the message, however long its lines or the path to its recipient are, as far as it must."""
    return [case.taken("takes_sizes.taken")]
