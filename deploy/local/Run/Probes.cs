using System.Net.Sockets;
using System.Text;

namespace CroPlatform.Local.Run;

/// <summary>Ways to ask a process whether it is ready. Null means yes; else the text says what is missing.</summary>
internal static class Probes
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly HttpClient Http = new() { Timeout = Limit };

    /// <summary>The service's own word: 200 from /health/ready.</summary>
    public static async Task<string?> HealthAsync(string url, CancellationToken cancel)
    {
        try
        {
            using var response = await Http.GetAsync(new Uri(url + "/health/ready"), cancel);
            if (response.IsSuccessStatusCode)
                return null;
            var body = (await response.Content.ReadAsStringAsync(cancel)).ReplaceLineEndings(" ");
            return $"/health/ready says {(int)response.StatusCode} {body[..Math.Min(body.Length, 300)]}";
        }
        catch (HttpRequestException)
        {
            return $"nothing answers on {url}";
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"{url}/health/ready does not answer within {Limit.TotalSeconds:0} s";
        }
    }

    /// <summary>Redis answers PING to who knows the password (RESP's inline commands).</summary>
    public static async Task<string?> RedisAsync(int port, string password, CancellationToken cancel)
    {
        const string expected = "+OK\r\n+PONG\r\n";
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Limit);
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, limit.Token);
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"AUTH {password}\r\nPING\r\n"), limit.Token);
            var answer = new byte[expected.Length];
            var read = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, limit.Token);
            var text = Encoding.ASCII.GetString(answer, 0, read);
            return text == expected ? null : $"it answers '{text.ReplaceLineEndings(" ")}'";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return $"nothing answers on port {port}";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"port {port} does not answer within {Limit.TotalSeconds:0} s";
        }
    }

    /// <summary>Something listens there.</summary>
    public static async Task<string?> TcpAsync(string host, int port, CancellationToken cancel)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Limit);
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, limit.Token);
            return null;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return $"nothing listens on {host}:{port}";
        }
    }
}
