"""The entry point of `kolena-store` and of `python -m kolena_store`."""

__all__ = ["main"]


def main() -> None:
    """Run the command line on the program's arguments and leave with its exit code."""
    from kolena_store.cli import command_line

    command_line.main(prog_name="kolena-store")


if __name__ == "__main__":
    main()
