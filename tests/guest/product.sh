# SPDX-License-Identifier: GPL-3.0-or-later
# Suite of the guest: all of Postern, set up with signed calls of curl's, on a bridge with two clients and a back end, and on a NIC
# that a second bridge with two clients leads to. Each check is one line.
all_well=true
bridge=pg-bridge endpoint_ip=10.20.0.100 endpoint_ip6=fd20:5071:e2::100 management=http://127.0.0.1:4566
export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7GUEST AWS_SECRET_ACCESS_KEY=the-guests-own-secret-of-forty-characters
export AWS_DEFAULT_REGION=us-east-1 POSTERN_ENDPOINT=$management

check() { # text command...
	text=$1
	shift
	if shown=$("$@" 2>&1); then
		say ok "$text"
	else
		say failed "$text: $shown"
		all_well=false
	fi
}
need() { # the same; without it the rest makes no sense
	check "$@"
	$all_well || { tail -n 40 /tmp/log; finish; }
}
wait_for() { # seconds command...
	latest=$(($(date +%s) + $1))
	shift
	while ! "$@" > /dev/null 2>&1; do
		[ "$(date +%s)" -lt $latest ] || return 1
		usleep 50000
	done
}
host() { # name address/bits ...: a namespace on the bridge
	ip netns add "$1"
	ip link add "pg-$1" type veth peer name eth0 netns "$1"
	ip link set "pg-$1" master $bridge up
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 up
	ip -n "$1" address add "$2" dev eth0
	ip -n "$1" address add "$3" dev eth0 nodad
}
call() { # service curl-arguments...: a signed call of the management API
	service=$1
	shift
	curl -sS --fail-with-body -H "Accept: application/json" --aws-sigv4 "aws:amz:$AWS_DEFAULT_REGION:$service" -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$@"
}
ask() { # host path curl-arguments...: the API as that client sees it; status and body
	from=$1 path=$2
	shift 2
	ip netns exec "$from" curl -sS --max-time 20 --cacert /state/ca.pem --resolve "$name:443:$endpoint_ip,[$endpoint_ip6]" \
		-w '\n%{http_code}\n' "$@" "https://$name/prod$path"
}
gets() { # status text host path curl-arguments...
	status=$1 wanted=$2
	shift 2
	answer=$(ask "$@")
	echo "$answer"
	echo "$answer" | tail -n 1 | grep -qx "$status" && echo "$answer" | grep -qF "$wanted"
}
ends() { # curl's exit status, host, curl-arguments: 7 is a refused connection, 28 a silent one
	wanted=$1
	shift
	ask "$1" /health --connect-timeout 2 "$2"
	[ $? = "$wanted" ]
}
of_nic() { # command...: what asks, at the endpoint's address on the NIC
	(
		endpoint_ip=10.21.0.100 endpoint_ip6=fd20:5071:e3::100
		"$@"
	)
}
start() {
	/postern/postern run --settings /postern.yaml >> /tmp/ready 2>> /tmp/log &
	postern=$!
}
put_policy() { # prefixes that are let in, as JSON strings
	statement='"Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"'
	policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'$statement'},{"Sid":"OnlyLeft","Effect":"Deny",'$statement',
		"Condition":{"NotIpAddress":{"aws:VpcSourceIp":['$1']}}}]}'
	policy=$(echo "$policy" | tr -d '\n\t' | sed 's/"/\\"/g')
	call apigateway -X PATCH -H 'Content-Type: application/json' \
		-d '{"patchOperations":[{"op":"replace","path":"/policy","value":"'"$policy"'"}]}' "$management/restapis/$api" &&
		call apigateway -H 'Content-Type: application/json' -d '{"stageName":"prod"}' "$management/restapis/$api/deployments"
}
named() { /postern/postern filter events --endpoint "$endpoint" | grep 10.20.0.66 | grep OnlyLeft; }

# Two private subnets and a back end.
ip link add $bridge type bridge
ip link set $bridge up
host allowed 10.20.0.10/24 fd20:5071:e2::a/64
host denied 10.20.0.66/24 fd20:5071:e2::42/64
bridge=pg-far
ip link add $bridge type bridge
ip link set $bridge up
ip link add pg-nic type veth peer name pg-port
ip link set pg-port master $bridge up
ip link set pg-nic up
host near 10.21.0.10/24 fd20:5071:e3::a/64
host shut 10.21.0.66/24 fd20:5071:e3::42/64
# Like a cloud's: frames of another MAC address than the NIC's own are dropped.
bridge fdb replace "$(cat /sys/class/net/pg-nic/address)" dev pg-port master static
ip link set pg-port type bridge_slave locked on learning off
ip netns add sibling # a client on the same NIC
ip link add eth0 link pg-nic netns sibling type ipvlan mode l2
ip -n sibling link set eth0 up
ip -n sibling address add 10.21.0.67/24 dev eth0
ip netns add backend
ip link add pg-back type veth peer name eth0 netns backend
ip address add 10.30.0.1/24 dev pg-back
ip link set pg-back up
ip -n backend address add 10.30.0.2/24 dev eth0
ip -n backend link set eth0 up
mkdir /www
echo '[{"id":1,"type":"dog"}]' > /www/pets
ip netns exec backend httpd -p 10.30.0.2:8080 -h /www

check 'doctor misses nothing' /postern/postern doctor --settings /postern.yaml
/postern/postern doctor --settings /postern.yaml | grep -E 'Landlock|kernel'
begun=$(now)
start
need 'posternd, gateway and control start' wait_for 60 grep -q ^ready /tmp/ready
say fact "ready after $(since "$begun") s"

wish='Action=CreateVpcEndpoint&Version=2016-11-15&ClientToken=guest&VpcEndpointType=Interface&IpAddressType=dualstack'
wish=$wish'&ServiceName=com.amazonaws.us-east-1.execute-api&VpcId=vpc-0b1c2d3e4f5061728&SubnetId.1=subnet-0a1b2c3d4e5f60718'
wish=$wish'&SubnetId.2=subnet-0a1b2c3d4e5f60719'
need 'an endpoint' wait_for 30 call ec2 -o /tmp/endpoint -d "$wish" $management/
endpoint=$(grep -o 'vpce-[0-9a-f]*' /tmp/endpoint | head -n 1)
need 'a private API' call apigateway -o /tmp/api -H 'Content-Type: application/octet-stream' --data-binary @/petstore.yaml \
	"$management/restapis?endpointConfigurationTypes=PRIVATE&endpointConfigurationVpcEndpointIds=$endpoint&mode=import"
api=$(sed 's/.*{"id":"\([^"]*\)".*/\1/' /tmp/api)
name=$api-$endpoint.execute-api.us-east-1.amazonaws.com
left='"10.20.0.0/26","fd20:5071:e2::/122","10.21.0.0/26","fd20:5071:e3::/122"'
need 'its policy, deployed' put_policy "$left"
need 'an allowed client is served by the back end' wait_for 30 gets 200 dog allowed /pets -4
say fact "first 200 of a new appliance after $(since "$begun") s"
check 'the same over IPv6' gets 200 dog allowed /pets -6
check "a port that lets the NIC's MAC address alone through" sh -c 'ip -d link show pg-port | grep "locked on"'
check 'on the ipvlan too' of_nic gets 200 dog near /pets -4
check 'the same over IPv6' of_nic gets 200 dog near /pets -6
check 'a MOCK answer' gets 200 '{"status":"fine"}' allowed /health -4

check 'mode reset: a denied source is refused' ends 7 denied -4
check 'the same over IPv6' ends 7 denied -6
check 'on the ipvlan too' of_nic ends 7 shut -4
check 'the same over IPv6' of_nic ends 7 shut -6
check 'a neighbour on the same NIC is refused' of_nic ends 7 sibling -4
check 'an event names source and statement' wait_for 5 named
check 'mode drop is set' /postern/postern filter mode "$endpoint" drop
check 'mode drop: silence' ends 28 denied -4
check 'on the ipvlan too, over IPv6' of_nic ends 28 shut -6
check 'mode observe is set' /postern/postern filter mode "$endpoint" observe
check "mode observe: AWS's 403" gets 403 'with an explicit deny in a resource-based policy' denied /pets -4
check 'mode reset is set' /postern/postern filter mode "$endpoint" reset
check 'a new policy lets it in' put_policy '"0.0.0.0/0"'
check 'and the kernel follows' wait_for 10 gets 200 dog denied /pets -4
check 'the old policy shuts it out' put_policy "$left"
check 'and the kernel follows' wait_for 10 ends 7 denied -4

for program in postern-gateway postern-control; do
	pid=$(pidof $program)
	kill -9 "$pid"
	check "$program is replaced" wait_for 20 sh -c "p=\$(pidof $program) && [ \$p != $pid ]"
done
check 'and serves' wait_for 20 gets 200 dog allowed /pets -4
kill -9 "$postern"
check 'posternd dead: an allowed client is served' gets 200 dog allowed /pets -4
check 'posternd dead: a denied source is refused' ends 7 denied -4
check 'on the ipvlan too' of_nic ends 7 shut -4
kill "$(pidof postern-gateway)" "$(pidof postern-control)"
wait_for 20 sh -c '! pidof postern-gateway postern-control'
check 'all dead: a denied source is refused' ends 7 denied -4

begun=$(now)
start
need 'a start with everything stored serves' wait_for 60 gets 200 '{"status":"fine"}' allowed /health -4
say fact "first 200 of a start with everything stored after $(since "$begun") s"
check 'and refuses' ends 7 denied -4
check 'on the ipvlan it serves' of_nic gets 200 '{"status":"fine"}' near /health -4
check 'and refuses' of_nic ends 7 shut -4
for program in posternd postern-gateway postern-control; do
	say fact "$program" "$(grep -E '^(VmRSS|CapEff|Seccomp):' "/proc/$(pidof $program)/status" | tr '\n\t' '  ')"
done
say fact "the store takes $(du -s /state | cut -f 1) kB"
kill "$postern"
wait "$postern"
check 'it ends when told to' [ $? = 0 ]

# Back ends in the endpoint's own subnets, the ipvlan's among them, to which this host has no way.
echo 'backend_from: endpoint' >> /postern.yaml
sed 's/10\.30\.0\.2/10.21.0.10/' /petstore.yaml > /near.yaml
ip netns exec near httpd -p 10.21.0.10:8080 -h /www
start
need 'a start that calls back ends from the endpoint' wait_for 60 gets 200 '{"status":"fine"}' allowed /health -4
check 'what only the host reaches is not called' gets 504 '' allowed /pets -4
need 'an API with a back end behind the ipvlan' call apigateway -o /tmp/api -H 'Content-Type: application/octet-stream' \
	--data-binary @/near.yaml "$management/restapis?endpointConfigurationTypes=PRIVATE&endpointConfigurationVpcEndpointIds=$endpoint&mode=import"
api=$(sed 's/.*{"id":"\([^"]*\)".*/\1/' /tmp/api)
name=$api-$endpoint.execute-api.us-east-1.amazonaws.com
need 'its policy, deployed' put_policy "$left"
check 'which the host has no way to' sh -c '! curl -s --max-time 1 http://10.21.0.10:8080/pets'
check 'is served' wait_for 30 gets 200 dog allowed /pets -4
check 'to a client behind the ipvlan too, over IPv6' of_nic gets 200 dog near /pets -6
check 'a denied source is refused' of_nic ends 7 shut -4
check 'another port than the services is refused' sh -c "ip netns exec near curl -s --max-time 5 http://10.21.0.100:8080/; [ \$? = 7 ]"
kill "$postern"
wait "$postern"
check 'it ends when told to' [ $? = 0 ]
check 'postern down' /postern/postern down --settings /postern.yaml
check 'removes what it made' sh -c '! ip netns | grep postern && ! ip link | grep " pe"'
$all_well || tail -n 40 /tmp/log
