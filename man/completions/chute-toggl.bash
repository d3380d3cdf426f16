# Asks the program itself, the first time that its arguments are completed.
eval "$(chute-toggl completions bash)"
