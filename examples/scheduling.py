"""Schedule six jobs on six machines in the least time: the classic job shop FT06 (Fisher and Thompson, 1963).

    isorun run examples/scheduling.py --policy data --output output/schedule

Each job visits the machines in its own order; a machine does one thing at a time. CP-SAT, a solver of
OR-Tools, proves that no schedule is shorter than the one printed. Leaves an open figure, which isorun saves
as `figure-1.png`.
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
from ortools.sat.python import cp_model

#: Job -> its tasks in order: machine and hours.
JOBS = (
    ((2, 1), (0, 3), (1, 6), (3, 7), (5, 3), (4, 6)),
    ((1, 8), (2, 5), (4, 10), (5, 10), (0, 10), (3, 4)),
    ((2, 5), (3, 4), (5, 8), (0, 9), (1, 1), (4, 7)),
    ((1, 5), (0, 5), (2, 5), (3, 3), (4, 8), (5, 9)),
    ((2, 9), (1, 3), (4, 5), (5, 4), (0, 3), (3, 1)),
    ((1, 3), (3, 3), (5, 9), (0, 10), (4, 4), (2, 1)),
)
MACHINES = ("saw", "lathe", "drill", "mill", "press", "paint")
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2")


class Task(NamedTuple):
    """One step of a job in the finished schedule, in hours."""

    job: int
    machine: int
    start: int
    hours: int


def schedule() -> tuple[list[Task], bool]:
    """Return the shortest schedule that was found, and whether it is proven to be the shortest."""
    model = cp_model.CpModel()
    horizon = sum(hours for job in JOBS for _, hours in job)
    starts = [[model.new_int_var(0, horizon, "") for _ in job] for job in JOBS]
    keep_order(model, starts)
    keep_machines_apart(model, starts)
    end = model.new_int_var(0, horizon, "")
    model.add_max_equality(end, [times[-1] + job[-1][1] for times, job in zip(starts, JOBS, strict=True)])
    model.minimize(end)
    solver = cp_model.CpSolver()
    # One worker and a fixed seed: the same schedule every time.
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    status = solver.solve(model)
    tasks = [
        Task(number, machine, solver.value(starts[number][step]), hours)
        for number, job in enumerate(JOBS)
        for step, (machine, hours) in enumerate(job)
    ]
    return tasks, status == cp_model.OPTIMAL


def keep_order(model: cp_model.CpModel, starts: list[list[cp_model.IntVar]]) -> None:
    """A task begins when the one before it in its job has ended."""
    for times, job in zip(starts, JOBS, strict=True):
        for before, after, (_, hours) in zip(times, times[1:], job, strict=False):
            model.add(after >= before + hours)


def keep_machines_apart(model: cp_model.CpModel, starts: list[list[cp_model.IntVar]]) -> None:
    """A machine does one task at a time."""
    for machine in range(len(MACHINES)):
        model.add_no_overlap(
            model.new_fixed_size_interval_var(time, hours, "")
            for times, job in zip(starts, JOBS, strict=True)
            for time, (where, hours) in zip(times, job, strict=True)
            if where == machine
        )


def draw(tasks: list[Task]) -> None:
    """Draw one row per machine and leave the figure open."""
    _, axes = plt.subplots(figsize=(9, 3.8), layout="constrained")
    for task in tasks:
        axes.barh(task.machine, task.hours, left=task.start, color=COLOURS[task.job], edgecolor="white")
        axes.text(
            task.start + task.hours / 2,
            task.machine,
            str(task.job + 1),
            ha="center",
            va="center",
            color="white",
        )
    axes.set_yticks(range(len(MACHINES)), MACHINES)
    axes.invert_yaxis()
    axes.set_xlabel("hours")
    axes.set_title("Which job is on which machine", loc="left", fontweight="bold")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


tasks, is_proven = schedule()
hours = max(task.start + task.hours for task in tasks)
draw(tasks)

print(
    f"All {len(JOBS)} jobs are done after {hours} hours",
    "(proven: nothing is shorter)" if is_proven else "(not proven)",
)
for machine, name in enumerate(MACHINES):
    turns = sorted((task for task in tasks if task.machine == machine), key=lambda task: task.start)
    print(
        f"  {name:6}",
        "  ".join(f"{task.start:2}-{task.start + task.hours:2} job {task.job + 1}" for task in turns),
    )

result = {"hours": hours, "proven": is_proven}
