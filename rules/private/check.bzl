"""Go3sCheck: checks an executable against a policy. Go3sVerdict: fails the build.

The reports are written whatever they say, so that they can be read when something is wrong. The
verdict on all reports of a target is alone in `_validation`, so that nothing waits for it.
"""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":rules_go_compat.bzl", "go_export_data")

visibility("//rules/...")

EXEC_GROUP = "go3s_check"

EXEC_GROUPS = {
    EXEC_GROUP: exec_group(toolchains = [LINKCHECK_TOOLCHAIN]),
}

def check_flags(args, profile, goarch, policy, size_budget):
    """Adds linkcheck's flags to an Args.

    Args:
      args: Args.
      profile: string: name of a profile, or None for the policy's.
      goarch: string: expected GOARCH.
      policy: File: policy file, or None.
      size_budget: string: `linkcheck --size-budget`, or empty.
    """
    if profile:
        args.add("--profile", profile)
    args.add("--goarch", goarch)
    if policy:
        args.add("--policy", policy)
    if size_budget:
        args.add("--size-budget", size_budget)

def packages_action(ctx, archives, package_list, out):
    """Registers the action that lists what the packages of a program import, which a policy may forbid.

    Args:
      ctx: context of a rule that has EXEC_GROUPS.
      archives: depset of GoArchiveData: the packages, without the standard library.
      package_list: File: import paths of the standard library.
      out: File: list to write.
    """
    export_data = go_export_data(archives)
    args = tool_args(ctx)
    args.add("--standard", package_list)
    args.add("-o", out)
    args.add_all(export_data)
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = ["packages", args],
        inputs = [package_list] + export_data,
        outputs = [out],
        mnemonic = "Go3sPackages",
        progress_message = "Listing packages %{output}",
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )

def check_action(
        ctx,
        executable,
        report,
        profile,
        goarch,
        policy,
        size_budget,
        label,
        symbols = None,
        packages = None,
        cgo_left_out = None,
        sdk_verdict = None):
    """Registers the Go3sCheck action of one executable.

    Args:
      ctx: context of a rule that has EXEC_GROUPS.
      executable: File: what to check.
      report: File: JSON report to write.
      profile: string: name of a profile, or None for the policy's.
      goarch: string: expected GOARCH.
      policy: File: policy file, or None.
      size_budget: string: as of `linkcheck --size-budget`, or empty.
      label: string: the name of the executable in the report.
      symbols: File: what elfstrip --symbols-file wrote with the executable, or None.
      packages: File: list of the packages that the executable was built from, or None.
      sdk_verdict: File: verdict on the Go SDK that made the executable, for the report, or None.
      cgo_left_out: File: golink's report on the files that building without cgo left out, or None.
    """
    args = tool_args(ctx)
    check_flags(args, profile, goarch, policy, size_budget)
    args.add("--format", "json")
    args.add("--report-only")
    args.add(label, format = "--name=%s")
    if symbols:
        args.add("--symbols", symbols)
    if packages:
        args.add("--packages", packages)
    if sdk_verdict:
        args.add("--sdk-verdict", sdk_verdict)
    if cgo_left_out:
        args.add("--cgo-left-out", cgo_left_out)
    args.add("-o", report)
    args.add(executable)
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = [args],
        inputs = [executable] + [f for f in [policy, symbols, packages, sdk_verdict, cgo_left_out] if f],
        outputs = [report],
        mnemonic = "Go3sCheck",
        progress_message = "Checking %{input}",
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )

def verdict_action(ctx, reports, verdict, label, syscalls = [], allowed = None):
    """Registers the action that fails when one of the reports on a target has errors.

    One for all of them: it takes no time, while starting an action does, on a cluster above all.

    Args:
      ctx: context of a rule that has EXEC_GROUPS.
      reports: list of File: JSON reports of `linkcheck` and `linkcheck compare`.
      verdict: File: empty file, written when no report has an error.
      label: string: the name of the target in the progress message.
      syscalls: list of File: reports of `linkcheck syscalls`.
      allowed: File: list of the calls that those may have; None without any.
    """
    args = tool_args(ctx)
    args.add("--touch", verdict)
    if syscalls:
        args.add(allowed, format = "--allowed=%s")
        args.add_all(syscalls, format_each = "--syscalls=%s")
    args.add_all(reports)
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = ["verdict", args],
        inputs = reports + syscalls + ([allowed] if syscalls else []),
        outputs = [verdict],
        mnemonic = "Go3sVerdict",
        progress_message = "Judging " + label,
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
