using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Publish.Webhooks;

/// <summary>What became of one try.</summary>
/// <param name="Status">The receiver's, if it answered.</param>
/// <param name="Error">Null if it took the delivery.</param>
internal sealed record DeliveryOutcome(int? Status, string? Error);

/// <summary>
/// Sends one delivery, signed as Standard Webhooks has it (github.com/standard-webhooks): <c>webhook-id</c>, <c>webhook-timestamp</c> (seconds since
/// 1970 UTC) and <c>webhook-signature: v1,</c> with base64 of HMAC-SHA256 over <c>id.timestamp.body</c>. Follows no redirect, reads no body, and
/// reaches public addresses only.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    public const string SecretPrefix = "whsec_";

    private readonly HttpClient _http;
    private readonly TimeProvider _clock;

    public WebhookClient(PublicAddresses addresses, IOptions<WebhookOptions> options, TimeProvider clock)
    {
        _clock = clock;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = addresses.ConnectAsync,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        })
        {
            Timeout = options.Value.Timeout,
        };
    }

    public async Task<DeliveryOutcome> SendAsync(string url, string id, string eventName, string body, byte[] secret, CancellationToken ct)
    {
        var timestamp = _clock.GetUtcNow().ToUnixTimeSeconds();
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString());
        request.Headers.Add("webhook-signature", Sign(secret, id, timestamp, body));
        request.Headers.Add("webhook-event", eventName);
        request.Headers.UserAgent.ParseAdd("CroPlatform-Webhooks/1");
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            return new DeliveryOutcome((int)response.StatusCode, response.IsSuccessStatusCode ? null : $"answered {(int)response.StatusCode}");
        }
        catch (HttpRequestException e)
        {
            return new DeliveryOutcome(null, (e.InnerException as AddressNotAllowedException ?? e).Message);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new DeliveryOutcome(null, "did not answer in time");
        }
    }

    public void Dispose() => _http.Dispose();

    public static string Sign(byte[] secret, string id, long timestamp, string body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}")));
}
