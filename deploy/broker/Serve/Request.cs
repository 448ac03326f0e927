namespace CroPlatform.Broker.Serve;

/// <summary>One request with the response that is written for it. Owns the memory of both.</summary>
/// <param name="host">The client's address, as groups show it.</param>
/// <param name="gone">Ends when the connection does.</param>
internal sealed class Request(int length, string host, CancellationToken gone) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(length);
    private WireReader? _body;

    public ApiKey Key { get; private set; }

    public string ClientId { get; private set; } = "";

    public string Host => host;

    public CancellationToken Gone => gone;

    /// <summary>What came after the length.</summary>
    public Memory<byte> Bytes => _buffer.AsMemory(0, length);

    public WireReader Body => _body ??= new WireReader(Bytes);

    public WireWriter Response { get; } = new();

    /// <summary>Disposed once the response has been sent.</summary>
    public List<IDisposable> Held { get; } = [];

    /// <summary>The client asked for no acknowledgement, so nothing is sent.</summary>
    public bool IsSilent { get; set; }

    /// <summary>A request that is answered without waiting for anything.</summary>
    public static Func<Request, Task> Now(Action<WireReader, WireWriter> answer) => request =>
    {
        answer(request.Body, request.Response);
        return Task.CompletedTask;
    };

    /// <summary>Reads the header and begins the response.</summary>
    /// <exception cref="MalformedRequestException">It is no header, or asks for what is not offered.</exception>
    public void ReadHeader()
    {
        (Key, var version) = ((ApiKey)Body.Int16(), Body.Int16());
        var correlation = Body.Int32();
        ClientId = Body.NullableString() ?? "";
        if (!ApiVersionRange.All.TryGetValue(Key, out var range))
            throw new MalformedRequestException($"request {(short)Key} is not offered");
        var isKnown = version >= range.Min && version <= range.Max;
        if (!isKnown && Key != ApiKey.ApiVersions)
            throw new MalformedRequestException($"{Key} is offered in versions {range.Min} to {range.Max}, not {version}");
        Body.Version = Response.Version = version;
        Body.Flexible = isKnown && version >= range.FlexibleFrom;
        Body.Tags();
        Response.Int32(0); // the length, set at the end
        Response.Int32(correlation);
        Response.Flexible = Body.Flexible;
        if (Key != ApiKey.ApiVersions)
            Response.Tags();
    }

    public ReadOnlyMemory<byte> Finish()
    {
        Response.PatchInt32(0, Response.Length - 4);
        return Response.Written;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        Response.Dispose();
        foreach (var held in Held)
            held.Dispose();
    }
}
