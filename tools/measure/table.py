"""Figures in columns, for a terminal or a code block of a document."""


def number_text(value, decimals):
    """Thousands with commas; the one decimal of a figure that is large anyway goes."""
    if decimals == 1 and value >= 1000:
        decimals = 0
    return f'{value:,.{decimals}f}'


def print_rows(rows):
    """The first column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print('  '.join(cells).rstrip())
