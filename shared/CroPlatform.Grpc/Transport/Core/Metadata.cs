using System.Buffers;
using System.Collections;
using System.Text;

namespace Grpc.Core;

/// <summary>Ordered key-value pairs beside a call: request headers, response headers or trailers. Keys may repeat.</summary>
public sealed class Metadata : IList<Metadata.Entry>
{
    /// <summary>Keys with this ending carry bytes, the others printable ASCII.</summary>
    public const string BinaryHeaderSuffix = "-bin";

    public static readonly Metadata Empty = new() { IsReadOnly = true };

    private readonly List<Entry> _entries = [];

    public int Count => _entries.Count;

    public bool IsReadOnly { get; private init; }

    public Entry this[int index]
    {
        get => _entries[index];
        set => Writable()[index] = value;
    }

    /// <summary>The last entry of this key, or null.</summary>
    public Entry? Get(string key) => _entries.FindLast(entry => entry.Has(key));

    public IEnumerable<Entry> GetAll(string key) => _entries.Where(entry => entry.Has(key));

    public string? GetValue(string key) => Get(key)?.Value;

    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    public void Add(Entry item) => Writable().Add(item);

    public void Add(string key, string value) => Add(new Entry(key, value));

    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    public void Insert(int index, Entry item) => Writable().Insert(index, item);

    public bool Remove(Entry item) => Writable().Remove(item);

    public void RemoveAt(int index) => Writable().RemoveAt(index);

    public void Clear() => Writable().Clear();

    public int IndexOf(Entry item) => _entries.IndexOf(item);

    public bool Contains(Entry item) => _entries.Contains(item);

    public void CopyTo(Entry[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

    public IEnumerator<Entry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private List<Entry> Writable() =>
        IsReadOnly ? throw new InvalidOperationException("This metadata is read-only.") : _entries;

    /// <summary>One key and its value, text or (with <see cref="BinaryHeaderSuffix"/>) bytes.</summary>
    public sealed class Entry
    {
        private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-.");

        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <exception cref="ArgumentException">A key or value that HTTP/2 headers cannot carry.</exception>
        public Entry(string key, string value)
            : this(CheckedKey(key, binary: false), CheckedValue(key, value), null)
        {
        }

        /// <exception cref="ArgumentException">A key without "-bin", or one that HTTP/2 headers cannot carry.</exception>
        public Entry(string key, byte[] valueBytes)
            : this(CheckedKey(key, binary: true), null, [.. valueBytes])
        {
        }

        private Entry(string key, string? text, byte[]? bytes) => (Key, _text, _bytes) = (key, text, bytes);

        /// <summary>Lower case; ASCII letters, digits, '_', '-' and '.'.</summary>
        public string Key { get; }

        public bool IsBinary => _bytes is not null;

        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _text ?? throw new InvalidOperationException($"'{Key}' holds bytes, not text.");

        public byte[] ValueBytes => _bytes ?? Encoding.ASCII.GetBytes(_text!);

        public override string ToString() => $"[Entry: key={Key}, {(IsBinary ? $"{_bytes!.Length} bytes" : $"value={_text}")}]";

        internal bool Has(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);

        // What a peer sent is taken as it came; only what is to be sent is checked.
        internal static Entry Received(string key, string text) => new(key, text, null);

        internal static Entry Received(string key, byte[] bytes) => new(key, null, bytes);

        private static string CheckedKey(string key, bool binary)
        {
            key = key.ToLowerInvariant();
            if (key.Length == 0 || key.AsSpan().ContainsAnyExcept(KeyCharacters))
                throw new ArgumentException($"'{key}': a metadata key is made of ASCII letters, digits, '_', '-' and '.'.", nameof(key));
            if (key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal) != binary)
                throw new ArgumentException($"'{key}': keys ending in \"{BinaryHeaderSuffix}\" take bytes, others take text.", nameof(key));
            return key;
        }

        private static string CheckedValue(string key, string value) => value.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? throw new ArgumentException($"'{key}': a metadata value is printable ASCII; name the key with \"{BinaryHeaderSuffix}\" to send bytes.", nameof(value))
            : value;
    }
}
