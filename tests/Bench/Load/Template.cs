using System.Buffers.Text;

namespace CroPlatform.Bench.Load;

/// <summary>
/// A request made once, in which only ids change: <see cref="Id"/> becomes a number of its own each time, <see cref="Visitor"/> one of
/// <see cref="Visitors"/> visitors. Each connection has one, so filling it in is all that a request costs.
/// </summary>
internal sealed class Template
{
    public const string Id = "@@@@@@@@@@@@@@@@";
    public const string Visitor = "########";
    public const int Visitors = 100_000;

    private readonly byte[] _bytes;
    private readonly int[] _ids;
    private readonly int[] _visitors;
    private long _next;

    /// <param name="bytes">Is copied.</param>
    /// <param name="connection">Numbers differ between connections, 0 to 65 535.</param>
    public Template(ReadOnlySpan<byte> bytes, int connection)
    {
        _bytes = bytes.ToArray();
        _ids = [.. Places(_bytes, Id)];
        _visitors = [.. Places(_bytes, Visitor)];
        _next = (long)connection << 40;
    }

    /// <summary>The request with new ids; valid until the next one.</summary>
    public Memory<byte> Next()
    {
        for (var i = 0; i < Math.Max(_ids.Length, _visitors.Length); i++)
        {
            var number = _next++;
            if (i < _ids.Length) Utf8Formatter.TryFormat(number, _bytes.AsSpan(_ids[i]), out _, new('x', 16));
            // Spread by a multiplier without a factor in common with the count.
            if (i < _visitors.Length) Utf8Formatter.TryFormat((int)(number * 7_919 % Visitors), _bytes.AsSpan(_visitors[i]), out _, new('D', 8));
        }

        return _bytes;
    }

    private static List<int> Places(byte[] bytes, string mark)
    {
        var places = new List<int>();
        var wanted = System.Text.Encoding.ASCII.GetBytes(mark);
        for (var at = 0; bytes.AsSpan(at).IndexOf(wanted) is >= 0 and var found; at += wanted.Length)
        {
            at += found;
            places.Add(at);
        }

        return places;
    }
}
