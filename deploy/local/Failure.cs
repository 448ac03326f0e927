namespace CroPlatform.Local;

/// <summary>Something the reader of the message can mend. The message says what happened and what to do.</summary>
internal sealed class FailureException(string message) : Exception(message);

/// <summary>The command line is not one of ours: the message and the usage are shown, and the exit status is 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
