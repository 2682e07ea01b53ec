"""How `pyspotify --help` lists the commands: in groups, in the order in which they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click


class Sections(click.Group):
    """A group whose help lists its commands under headings. Every command has to stand in one of the sections."""

    def __init__(self, *arguments: object, sections: Mapping[str, Sequence[str]], **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.sections = sections

    def list_commands(self, context: click.Context) -> list[str]:
        """All commands, in the order of the sections."""
        return [name for names in self.sections.values() for name in names]

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, a line for each command, with room for the longest name in all of them."""
        widest = max(map(len, self.commands))
        for heading, names in self.sections.items():
            with formatter.section(heading):
                lines = [(name, self.commands[name].get_short_help_str(formatter.width)) for name in names]
                formatter.write_dl([(name.ljust(widest), text) for name, text in lines])
