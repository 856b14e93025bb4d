"""The entry point of `kolena-store` and of `python -m kolena_store`."""

__all__ = ["main"]

INTERRUPTED = 130


def main() -> None:
    """Run the command line on the program's arguments and leave with its exit code."""
    try:
        from kolena_store.cli import command_line
        from kolena_store.cli.imports import spare_pandas
        from kolena_store.cli.interruptions import prompt_interruptions
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    spare_pandas()
    with prompt_interruptions():
        command_line.main(prog_name="kolena-store")


if __name__ == "__main__":
    main()
