/** Profiles of other programs, written by hand as their own tools write them. */
import { randomUUID } from 'node:crypto';
import { der } from '../lab/handed-out.ts';
import { ADDRESS } from '../lab/lab.ts';
import { CLIENT_ID, GATEWAY_ID } from '../lab/profile.ts';

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');

/** By certificate; with a user, by that user's password as well. */
export const sswan = (pkcs12: Uint8Array, root: string, user?: string): string =>
  JSON.stringify({
    uuid: randomUUID(),
    name: 'Lab VPN',
    type: user === undefined ? 'ikev2-cert' : 'ikev2-cert-eap',
    remote: { addr: ADDRESS.gw, id: GATEWAY_ID, cert: base64(der(root)) },
    local: { p12: base64(pkcs12), id: CLIENT_ID, ...(user === undefined ? {} : { eap_id: user }) },
    // The gateway of the laboratory knows no extended sequence numbers.
    'esp-proposal': 'aes256gcm16-aes128gcm16',
    'split-tunneling': { subnets: [ADDRESS.lanNet] },
  });

/** An Apple profile with the payloads of an identity and a CA, and more keys of IKEv2. */
export const mobileconfig = (
  root: string,
  keys: string,
  pkcs12?: Uint8Array,
): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>example.lab</string>
  <key>PayloadUUID</key><string>${randomUUID()}</string>
  <key>PayloadContent</key>
  <array>${
    pkcs12 === undefined
      ? ''
      : `
    <dict>
      <key>PayloadType</key><string>com.apple.security.pkcs12</string>
      <key>PayloadUUID</key><string>IDENTITY</string>
      <key>PayloadContent</key><data>${base64(pkcs12)}</data>
    </dict>`
  }
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadUUID</key><string>${randomUUID()}</string>
      <key>PayloadContent</key><data>${base64(der(root))}</data>
    </dict>
    <dict>
      <key>PayloadType</key><string>com.apple.vpn.managed</string>
      <key>PayloadUUID</key><string>${randomUUID()}</string>
      <key>UserDefinedName</key><string>Lab VPN</string>
      <key>VPNType</key><string>IKEv2</string>
      <key>IKEv2</key>
      <dict>
        <key>RemoteAddress</key><string>${ADDRESS.gw}</string>
        <key>RemoteIdentifier</key><string>${GATEWAY_ID}</string>
        <key>LocalIdentifier</key><string>${CLIENT_ID}</string>
        ${keys}
        <key>DeadPeerDetectionRate</key><string>Medium</string>
      </dict>
    </dict>
  </array>
</dict>
</plist>
`;

export const APPLE_CERTIFICATE = `<key>AuthenticationMethod</key><string>Certificate</string>
        <key>PayloadCertificateUUID</key><string>IDENTITY</string>`;

export const appleEap = (
  user: string,
  password: string,
): string => `<key>AuthenticationMethod</key><string>None</string>
        <key>ExtendedAuthEnabled</key><true/>
        <key>AuthName</key><string>${user}</string>
        <key>AuthPassword</key><string>${password}</string>`;

export const swanctl = (local: string, secrets: string): string => `# the roaming client
connections {
  lab {
    version = 2
    remote_addrs = ${ADDRESS.gw}
    vips = 0.0.0.0, ::
    local {
      ${local}
    }
    remote {
      auth = pubkey
      id = ${GATEWAY_ID}
      cacerts = root.pem
      revocation = relaxed
    }
    children {
      net {
        remote_ts = ${ADDRESS.lanNet}
        start_action = trap
      }
    }
  }
}
secrets {
  ${secrets}
}
`;

export const IPSEC_CONF = `config setup
	strictcrlpolicy=no

conn %default
	keyexchange=ikev2
	ikelifetime=60m
	keylife=20m
	rekeymargin=3m
	keyingtries=1

conn base
	left=%any
	leftsourceip=%config
	rightsubnet=${ADDRESS.lanNet}

conn lab
	also=base
	leftcert=client.pem
	leftid=${CLIENT_ID}
	right=${ADDRESS.gw}
	rightid=@${GATEWAY_ID}
	auto=start
`;

export const nmconnection = (vpn: string, secrets: string): string => `[connection]
id=Lab VPN
uuid=${randomUUID()}
type=vpn

[vpn]
address=${ADDRESS.gw}
certificate=/etc/ssl/certs/root.pem
encap=yes
ipcomp=no
local-identity=${CLIENT_ID}
remote-identity=${GATEWAY_ID}
proposal=no
virtual=yes
service-type=org.freedesktop.NetworkManager.strongswan
${vpn}

[vpn-secrets]
password=${secrets}

[ipv4]
method=auto

[ipv6]
method=auto
`;

export const PROFILE_XML = `<VPNProfile>
  <NativeProfile>
    <Servers>${ADDRESS.gw}</Servers>
    <NativeProtocolType>IKEv2</NativeProtocolType>
    <Authentication>
      <UserMethod>Eap</UserMethod>
      <Eap><Configuration>
        <EapHostConfig xmlns="http://www.microsoft.com/provisioning/EapHostConfig">
          <EapMethod><Type xmlns="http://www.microsoft.com/provisioning/EapCommon">26</Type></EapMethod>
          <Config xmlns="http://www.microsoft.com/provisioning/EapHostConfig">
            <Eap xmlns="http://www.microsoft.com/provisioning/BaseEapConnectionPropertiesV1">
              <Type>26</Type>
            </Eap>
          </Config>
        </EapHostConfig>
      </Configuration></Eap>
    </Authentication>
    <RoutingPolicyType>SplitTunnel</RoutingPolicyType>
  </NativeProfile>
  <Route><Address>10.99.0.0</Address><PrefixSize>24</PrefixSize></Route>
  <ProfileName>Lab VPN</ProfileName>
</VPNProfile>
`;

/** As Windows writes it: UTF-8 with a mark, CRLF, a section for the device inside. */
export const PHONE_BOOK = `\ufeff[Lab VPN]
Encoding=1
PBVersion=6
Type=2
AutoLogon=0
VpnStrategy=7
CustomAuthKey=26
IpPrioritizeRemote=1

NETCOMPONENTS=
ms_msclient=1

MEDIA=rastapi
Port=VPN2-0
Device=WAN Miniport (IKEv2)

DEVICE=vpn
PhoneNumber=${ADDRESS.gw}
AreaCode=
`.replaceAll('\n', '\r\n');
