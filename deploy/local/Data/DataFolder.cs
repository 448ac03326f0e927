namespace CroPlatform.Local.Data;

/// <summary>The folder of one running platform: its data, logs, process ids, keys and addresses.</summary>
internal sealed class DataFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Others may pass through but not list: Postgres runs as a user of its own when we are root.
    private const UnixFileMode PassThrough =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The folder that <c>--data</c> names, else .cro in the checkout.</summary>
    public static DataFolder Of(string? option) => new(option ?? Checkout.Path(".cro"));

    /// <summary>A new folder for an instance that lives as long as one command.</summary>
    public static DataFolder Temporary(string purpose)
    {
        var folder = new DataFolder(Directory.CreateTempSubdirectory($"cro-{purpose}-").FullName);
        folder.Create();
        return folder;
    }

    public string Root { get; } = Path.GetFullPath(path);

    public string Postgres => Path.Combine(Root, "postgres");

    public string Redis => Path.Combine(Root, "redis");

    /// <summary>What the broker keeps: topics with their records, and offsets.</summary>
    public string Broker => Path.Combine(Root, "broker");

    /// <summary>What the gateway keeps while the log is away.</summary>
    public string Spool => Path.Combine(Root, "spool");

    public string Ports => Path.Combine(Root, "ports.json");

    public string Keys => Path.Combine(Root, "keys.json");

    public string Endpoints => Path.Combine(Root, "endpoints.json");

    /// <summary>Since when a simulated clock runs.</summary>
    public string Clock => Path.Combine(Root, "clock.json");

    public string Pids => Path.Combine(Root, "pids");

    public string Log(string name) => Path.Combine(Root, "logs", name + ".log");

    public bool Exists => Directory.Exists(Root);

    public void Create()
    {
        Directory.CreateDirectory(Root);
        File.SetUnixFileMode(Root, PassThrough);
        Directory.CreateDirectory(Pids);
        Directory.CreateDirectory(Path.Combine(Root, "logs"));
        Directory.CreateDirectory(Redis);
    }

    /// <summary>Writes a file that only its owner can read, whole or not at all.</summary>
    public static void WritePrivate(string file, string text)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using (var writer = new StreamWriter(file + ".new", options))
            writer.Write(text);
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Removes all of it, also what lies elsewhere because its user could not reach this folder.</summary>
    public void Delete()
    {
        if (Path.Exists(Postgres) && Directory.ResolveLinkTarget(Postgres, returnFinalTarget: true) is { Exists: true } elsewhere)
            Directory.Delete(elsewhere.FullName, recursive: true);
        Directory.Delete(Root, recursive: true);
    }
}
