using System.Buffers;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Serve;

/// <summary>One request with the response that is written for it. Owns the memory of both.</summary>
internal sealed class Request(byte[] buffer, int length, string host, CancellationToken gone) : IDisposable
{
    private readonly List<IDisposable> _held = [];

    public ApiKey Key { get; private set; }

    public short Version { get; private set; }

    public string ClientId { get; private set; } = "";

    /// <summary>The client's address, as groups show it.</summary>
    public string Host => host;

    /// <summary>Ends when the connection does.</summary>
    public CancellationToken Gone => gone;

    public WireReader Body { get; } = new(buffer.AsMemory(0, length));

    public WireWriter Response { get; } = new();

    /// <summary>The client asked for no acknowledgement, so nothing is sent.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Reads the header and begins the response.</summary>
    /// <exception cref="MalformedRequestException">It is no header, or asks for what is not offered.</exception>
    public void ReadHeader()
    {
        (Key, Version) = ((ApiKey)Body.Int16(), Body.Int16());
        var correlation = Body.Int32();
        ClientId = Body.PlainNullableString() ?? "";
        if (!ApiVersionRange.All.TryGetValue(Key, out var range))
            throw new MalformedRequestException($"request {(short)Key} is not offered");
        var isKnown = Version >= range.Min && Version <= range.Max;

        // A client that asks for versions in a way of the future learns of ours in the oldest way.
        if (!isKnown && Key != ApiKey.ApiVersions)
            throw new MalformedRequestException($"{Key} is offered in versions {range.Min} to {range.Max}, not {Version}");
        Body.Flexible = isKnown && Version >= range.FlexibleFrom;
        Body.Tags();
        Response.Int32(0); // the length, set at the end
        Response.Int32(correlation);
        Response.Flexible = Body.Flexible;
        if (Key != ApiKey.ApiVersions)
            Response.Tags();
    }

    /// <summary>Keeps something until the response has been sent.</summary>
    public void Hold(IDisposable held) => _held.Add(held);

    public ReadOnlyMemory<byte> Finish()
    {
        Response.PatchInt32(0, Response.Length - 4);
        return Response.Written;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        Response.Dispose();
        foreach (var held in _held)
            held.Dispose();
    }
}
