namespace CroPlatform.Broker.Store;

/// <summary>What a decoder of the LZ77 family writes to: literals, and copies of what was written before.</summary>
/// <param name="limit">In bytes; a small input can name a large output.</param>
internal sealed class Output(int limit)
{
    private byte[] _bytes = new byte[64 * 1024];
    private int _length;

    public byte[] ToArray() => _bytes[.._length];

    public void Literal(ReadOnlySpan<byte> bytes)
    {
        Grow(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>The copy may reach into itself, which repeats it.</summary>
    public void Copy(int distance, int length)
    {
        if (distance <= 0 || distance > _length)
            throw new InvalidDataException("a copy from before the beginning");
        Grow(length);
        for (var i = 0; i < length; i++, _length++)
            _bytes[_length] = _bytes[_length - distance];
    }

    private void Grow(int more)
    {
        if (more < 0 || more > limit - _length)
            throw new InvalidDataException($"more than {limit} bytes");
        if (_length + more > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + more));
    }
}
