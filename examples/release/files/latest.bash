complete -W "v1.0.0" latest
