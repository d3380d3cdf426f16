# Asks the program itself, the first time that its arguments are completed.
chute-toggl completions fish | source
