"""Label Studio's JSON: tasks with the regions that people drew, and those that models proposed."""

from kolena_store.formats.labelstudio.reader import TaskSet, read_tasks
from kolena_store.formats.labelstudio.writer import write_tasks

__all__ = ["TaskSet", "read_tasks", "write_tasks"]
