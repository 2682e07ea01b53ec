"""The words of alerts: one piece of news as lines of text, as a mail's subject and body, and as Slack shows it.

Titles and errors quote other people's text: names of tracks, answers of servers. It is shown and never interpreted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pyspotify_assets.alerts.incidents import News, Trouble
from pyspotify_assets.daily.refusals import in_minutes

LONGEST_SUBJECT = 100
"""Characters of a subject, ASCII, of one line: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

_WORDS = {"new": "New", "again": "Again", "still": "Still", "worse": "Worse", "solved": "Solved"}
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LONGEST_PART = 700
_ROOM = 900
"""Characters of one part of a section, which takes 3000 and has three of them and a link.

https://docs.slack.dev/reference/block-kit/blocks/section-block
"""


@dataclass(frozen=True)
class Letterhead:
    """What all messages of one pipeline have in common: its name as `sender`, and the address of Dagster's UI."""

    sender: str
    ui: str = ""

    def link(self, trouble: Trouble) -> str:
        """The address of the page that shows the trouble; empty where none is known."""
        return f"{self.ui}/{trouble.page}" if self.ui and trouble.page else ""


def headline(news: News) -> str:
    """One line: "New: raw/top_played failed on 2026-11-22"."""
    return f"{_WORDS[news.word]}: {_one_line(news.trouble.title)}"


def lines(news: News, head: Letterhead) -> list[str]:
    """The headline, what happened, since when, what to do and where to look: for logs, terminals and mails."""
    trouble = news.trouble
    since = f"since {in_minutes(trouble.since)}"
    if not news.is_alarm:
        return [headline(news), f"  {since}, solved at {in_minutes(news.at)}"]
    told = [f"  {line}" for line in _cleaned(trouble.happened).splitlines() if line.strip()]
    remedy = [f"  → {_one_line(trouble.remedy)}"] if trouble.remedy else []
    link = head.link(trouble)
    return [headline(news), f"  {since}", *told, *remedy, *([f"  {link}"] if link else [])]


def text(news: Sequence[News], head: Letterhead) -> str:
    """All of it as plain text."""
    return "\n\n".join("\n".join(lines(one, head)) for one in news)


def subject(news: Sequence[News], head: Letterhead) -> str:
    """One line of printable ASCII, at most LONGEST_SUBJECT characters."""
    more = f" (+{len(news) - 1})" if len(news) > 1 else ""
    plain = unicodedata.normalize("NFKD", f"[{head.sender}] {headline(news[0])}")
    ascii_only = "".join(character if " " <= character <= "~" else "?" for character in plain if ord(character) < 0x300)
    room = LONGEST_SUBJECT - len(more)
    return (ascii_only if len(ascii_only) <= room else ascii_only[: room - 3] + "...") + more


def slack(news: Sequence[News], head: Letterhead) -> dict[str, object]:
    """The body of a post to a webhook of Slack's: `text` for notifications, `blocks` for what is shown.

    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """
    first = f"{_mark(news[0])} {_escaped(f'[{head.sender}] {headline(news[0])}')}"
    more = f" and {len(news) - 1} more" if len(news) > 1 else ""
    sender = {"type": "context", "elements": [_mrkdwn(_escaped(head.sender))]}
    return {"text": first + more, "blocks": [*(_section(one, head) for one in news), sender]}


def _section(news: News, head: Letterhead) -> dict[str, object]:
    trouble = news.trouble
    parts = [f"{_mark(news)} *{_escaped(headline(news))}*"]
    if news.is_alarm:
        parts += [_escaped(_cleaned(trouble.happened))] if trouble.happened else []
        parts += [f"*Since* {in_minutes(trouble.since)}"]
        parts += [f"*What to do* {_escaped(_cleaned(trouble.remedy))}"] if trouble.remedy else []
        link = head.link(trouble)
        parts += [f"<{_escaped(link)}|Open in Dagster>"] if link else []
    else:
        parts += [f"Since {in_minutes(trouble.since)}, solved at {in_minutes(news.at)}"]
    return {"type": "section", "text": _mrkdwn("\n".join(parts))}


def _mrkdwn(shown: str) -> dict[str, object]:
    # Verbatim: Slack makes no links, channels or mentions of what only looks like them.
    return {"type": "mrkdwn", "text": shown, "verbatim": True}


def _mark(news: News) -> str:
    if not news.is_alarm:
        return "✅"
    return "🔴" if news.trouble.grave else "🟡"


def _escaped(words: str, room: int = _ROOM) -> str:
    """The text without anything that Slack would act on, and not longer than `room` when that is done.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    pieces: list[str] = []
    length = 0
    for character in words:
        piece = _ENTITIES.get(character, character)
        length += len(piece)
        if length > room:
            return "".join(pieces) + "…"
        pieces.append(piece)
    return "".join(pieces)


def _cleaned(words: str) -> str:
    """The text as lines, without control characters and what turns the direction of writing, and not too long."""
    kept = (
        character
        for character in words
        if character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    cleaned = "".join(kept)
    return cleaned if len(cleaned) <= _LONGEST_PART else cleaned[: _LONGEST_PART - 1] + "…"


def _one_line(words: str) -> str:
    return " ".join(_cleaned(words.replace("\r", "\n")).split())
