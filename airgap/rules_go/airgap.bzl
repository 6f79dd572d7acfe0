"""Added to the air-gap mode's copy of rules_go: a Go SDK without a download."""

def airgap_goroot(ctx):
    """Returns the GOROOT of the SDK that a go_download_sdk repository asks for.

    Args:
        ctx: the repository context; its attributes version, goos and goarch are used.

    Returns:
        The Go on PATH when it has the wanted version (or none is wanted); otherwise
        the toolchain of that version, which the go command fetches from the
        machine's Go module mirror and verifies.
    """
    ctx.getenv("PATH")  # Look again when it changes.
    go = ctx.which("go")
    if not go:
        fail("air-gap mode: no go on PATH; install Go, or set RULES_GO3S_AIRGAP=0 to download an SDK")
    have = _go_env(ctx, go, ["GOVERSION", "GOHOSTOS", "GOHOSTARCH"])
    host = (have[1], have[2])
    if ctx.attr.goos and (ctx.attr.goos, ctx.attr.goarch) != host:
        fail("air-gap mode: only the SDK for {}/{} is available, {}/{} was wanted".format(
            host[0],
            host[1],
            ctx.attr.goos,
            ctx.attr.goarch,
        ))
    version = ctx.attr.version
    if not version or have[0] == "go" + version:
        goroot = _go_env(ctx, go, ["GOROOT"])[0]
    else:
        goroot = _go_env(ctx, go, ["GOROOT"], GOTOOLCHAIN = "go" + version)[0]
    ctx.watch(goroot + "/VERSION")  # Look again when Go is updated in place.
    return goroot

def _go_env(ctx, go, names, **environment):
    result = ctx.execute([go, "env"] + names, environment = {"GOFLAGS": "", "GOWORK": "off"} | environment)
    if result.return_code:
        fail("air-gap mode: go env {}: {}\nThe Go on PATH must be of the wanted version, or the Go module mirror must serve its toolchain.".format(
            " ".join(names),
            result.stderr,
        ))
    return result.stdout.strip().split("\n")
