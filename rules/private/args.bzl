"""How arguments reach the tools of this module."""

visibility("//rules/...")

def tool_args(ctx):
    """Returns an Args for a tool of this module.

    All of it goes into a parameter file, quoted: arguments hold strings of users, which may be long or contain newlines, and
    on a command line one that begins with @ would be taken for such a file.

    Args:
      ctx: rule or aspect context.
    Returns:
      Args.
    """
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("shell")
    return args
